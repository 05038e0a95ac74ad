{{/* What things are called, and the labels that tie them together. */}}

{{- define "gatehouse.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* 50 characters leave room for "-operator-metrics" within the 63 of a Service's name, and more. */}}
{{- define "gatehouse.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" -}}
{{- else if contains (include "gatehouse.name" .) .Release.Name -}}
{{- .Release.Name | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "gatehouse.name" .) | trunc 46 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "gatehouse.operator.fullname" -}}{{ include "gatehouse.fullname" . }}-operator{{- end }}
{{- define "gatehouse.proxy.fullname" -}}{{ include "gatehouse.fullname" . }}-proxy{{- end }}

{{- define "gatehouse.operator.serviceAccount" -}}
{{- default (include "gatehouse.operator.fullname" .) .Values.operator.serviceAccount.name -}}
{{- end }}
{{- define "gatehouse.proxy.serviceAccount" -}}
{{- default (include "gatehouse.proxy.fullname" .) .Values.proxy.serviceAccount.name -}}
{{- end }}

{{/* Both are written by the operator, not by helm. */}}
{{- define "gatehouse.control.tlsSecret" -}}{{ include "gatehouse.fullname" . }}-control-tls{{- end }}
{{- define "gatehouse.control.caConfigMap" -}}{{ include "gatehouse.fullname" . }}-control-ca{{- end }}
{{/* The name that proxies come to, and that the operator's certificate is for. */}}
{{- define "gatehouse.control.host" -}}
{{ include "gatehouse.operator.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "gatehouse.issuer.name" -}}letsencrypt-{{ .Values.letsencrypt.environment }}{{- end }}

{{/* Called with a dict: root, and component or none. */}}
{{- define "gatehouse.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "gatehouse.ownLabels" . }}
{{- end }}

{{- define "gatehouse.ownLabels" -}}
{{ include "gatehouse.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gatehouse.selectorLabels" -}}
app.kubernetes.io/name: {{ include "gatehouse.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}
