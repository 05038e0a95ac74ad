{{/* What the Pods of both programs have in common. Called with a dict: root, component, settings (the
values of that program) and serviceAccount. */}}

{{/* Without the chart's version: a new chart with the same image replaces no Pod. */}}
{{- define "gatehouse.pod.metadata" -}}
labels:
  {{- include "gatehouse.ownLabels" . | nindent 2 }}
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
  - {{ toYaml . | nindent 4 | trim }}
    {{- if not (hasKey . "labelSelector") }}
    labelSelector:
      matchLabels:
        {{- include "gatehouse.selectorLabels" $ | nindent 8 }}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gatehouse.pod.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := coalesce .settings.image.tag $image.tag .root.Chart.AppVersion -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ .settings.image.repository }}:{{ $tag }}
{{- end }}
