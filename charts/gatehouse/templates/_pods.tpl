{{/* What the Pods of both programs have in common. Called with a dict: root, component, settings (the
values of that program) and serviceAccount. */}}

{{- define "gatehouse.pod.metadata" -}}
labels:
  {{- include "gatehouse.labels" . | nindent 2 }}
  {{- with .settings.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .settings.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "gatehouse.pod.placement" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.topologySpreadConstraints }}
topologySpreadConstraints:
{{- range . }}
  {{- $own := dict "labelSelector" (dict "matchLabels" (include "gatehouse.selectorLabels" $ | fromYaml)) }}
  - {{ toYaml (mergeOverwrite $own .) | nindent 4 | trim }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gatehouse.pod.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := coalesce .settings.image.tag $image.tag .root.Chart.AppVersion -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ .settings.image.repository }}:{{ $tag }}
{{- end }}
