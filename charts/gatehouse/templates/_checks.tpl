{{/* What the schema cannot say, or would say in the words of a validator. Every mistake is one sentence,
and all are told at once. */}}

{{- define "gatehouse.checks" -}}
{{- $wrong := list -}}
{{- $v := .Values -}}
{{- if lt (int $v.operator.replicas) 1 -}}
{{- $wrong = append $wrong (printf "operator.replicas is %v: at least one operator is needed, and two survive the loss of a node." $v.operator.replicas) -}}
{{- end -}}
{{- if and (eq $v.proxy.kind "Deployment") (lt (int $v.proxy.replicas) 1) -}}
{{- $wrong = append $wrong (printf "proxy.replicas is %v: at least one proxy is needed, or nothing is served." $v.proxy.replicas) -}}
{{- end -}}
{{- if or (lt (int $v.operator.workers) 1) (gt (int $v.operator.workers) 64) -}}
{{- $wrong = append $wrong (printf "operator.workers is %v: it must be from 1 to 64." $v.operator.workers) -}}
{{- end -}}
{{- if and $v.proxy.workers (or (lt (int $v.proxy.workers) 1) (gt (int $v.proxy.workers) 1024)) -}}
{{- $wrong = append $wrong (printf "proxy.workers is %v: it must be from 1 to 1024, or null for one per core." $v.proxy.workers) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" $v.ingressClass.name) -}}
{{- $wrong = append $wrong (printf "ingressClass.name is %q: it must be made of lower-case letters, digits, \"-\" and \".\"." $v.ingressClass.name) -}}
{{- end -}}

{{- range $program, $values := fromYaml (include "gatehouse.ownFlags" .) -}}
{{- range $given := (get $v $program).extraArgs -}}
{{- $flag := regexFind "^--[a-z0-9-]+" $given -}}
{{- if hasKey $values $flag -}}
{{- $instead := ternary (printf "use the value %s" (get $values $flag)) "it cannot be changed" (ne (get $values $flag) "") -}}
{{- $wrong = append $wrong (printf "%s.extraArgs has %s, which the chart gives itself: %s." $program $flag $instead) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if and $v.letsencrypt.termsOfServiceAgreed $v.operator.watchNamespaces -}}
{{- $wrong = append $wrong "letsencrypt.termsOfServiceAgreed is set, but with operator.watchNamespaces there are no ClusterIssuers: make an Issuer in each namespace." -}}
{{- end -}}
{{- $email := $v.letsencrypt.email -}}
{{- if and $email (not (regexMatch "^[^@ ]+@[^@ ]+$" $email)) -}}
{{- $wrong = append $wrong (printf "letsencrypt.email is %q: it must be one mail address such as admin@example.com, or be left empty." $email) -}}
{{- end -}}
{{- if and $email (not $v.letsencrypt.termsOfServiceAgreed) -}}
{{- $wrong = append $wrong "letsencrypt.email is set, but letsencrypt.termsOfServiceAgreed is not true: read https://letsencrypt.org/repository/ and, if you agree, set it to have the ClusterIssuer made." -}}
{{- end -}}

{{- range $place, $port := dict "proxy.service.ports.http" $v.proxy.service.ports.http "proxy.service.ports.https" $v.proxy.service.ports.https "proxy.hostPort.http" $v.proxy.hostPort.http "proxy.hostPort.https" $v.proxy.hostPort.https -}}
{{- if or (lt (int $port) 1) (gt (int $port) 65535) -}}
{{- $wrong = append $wrong (printf "%s is %v: a port is from 1 to 65535." $place $port) -}}
{{- end -}}
{{- end -}}
{{- range $place, $pair := dict "proxy.service.ports" $v.proxy.service.ports "proxy.service.nodePorts" $v.proxy.service.nodePorts "proxy.hostPort" $v.proxy.hostPort -}}
{{- if and $pair.http (eq (int $pair.http) (int $pair.https)) -}}
{{- $wrong = append $wrong (printf "%s.http and %s.https are both %v: they must differ." $place $place $pair.http) -}}
{{- end -}}
{{- end -}}

{{- $service := $v.proxy.service -}}
{{- range $name, $port := $service.nodePorts -}}
{{- if $port -}}
{{- if eq $service.type "ClusterIP" -}}
{{- $wrong = append $wrong (printf "proxy.service.nodePorts.%s is set, but proxy.service.type is ClusterIP: use NodePort or LoadBalancer." $name) -}}
{{- else if or (lt (int $port) 1) (gt (int $port) 65535) -}}
{{- $wrong = append $wrong (printf "proxy.service.nodePorts.%s is %v: a port is from 1 to 65535 (clusters allow 30000 to 32767 unless told otherwise)." $name $port) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $service.loadBalancerClass (ne $service.type "LoadBalancer") -}}
{{- $wrong = append $wrong (printf "proxy.service.loadBalancerClass is set, but proxy.service.type is %s: it is for LoadBalancer." $service.type) -}}
{{- end -}}
{{- if and $service.loadBalancerSourceRanges (ne $service.type "LoadBalancer") -}}
{{- $wrong = append $wrong (printf "proxy.service.loadBalancerSourceRanges is set, but proxy.service.type is %s: it is for LoadBalancer, and would guard nothing here." $service.type) -}}
{{- end -}}
{{- if and (eq $service.externalTrafficPolicy "Local") (eq $service.type "ClusterIP") -}}
{{- $wrong = append $wrong "proxy.service.externalTrafficPolicy is Local, but proxy.service.type is ClusterIP, which has no traffic from outside: use NodePort or LoadBalancer." -}}
{{- end -}}

{{- if and $v.proxy.proxyProtocol (not $v.proxy.trustedProxies) -}}
{{- $wrong = append $wrong "proxy.proxyProtocol is set, but proxy.trustedProxies is empty: it must name at least one network; those of EdgeParameters are added to it. List the balancer's addresses." -}}
{{- end -}}
{{- if and $v.proxy.trustedProxyFields (not $v.proxy.trustedProxies) -}}
{{- $wrong = append $wrong "proxy.trustedProxyFields is set, but proxy.trustedProxies is empty: nobody could send these fields. List the balancer's addresses." -}}
{{- end -}}

{{- $drain := $v.proxy.drain -}}
{{- range $name := list "graceSeconds" "timeoutSeconds" -}}
{{- $seconds := get $drain $name -}}
{{- if or (lt (int $seconds) 0) (gt (int $seconds) 3600) -}}
{{- $wrong = append $wrong (printf "proxy.drain.%s is %v: it must be from 0 to 3600." $name $seconds) -}}
{{- end -}}
{{- end -}}
{{- if not (kindIs "invalid" $v.proxy.terminationGracePeriodSeconds) -}}
{{- $taken := add (int $drain.graceSeconds) (int $drain.timeoutSeconds) -}}
{{- if le (int $v.proxy.terminationGracePeriodSeconds) (int $taken) -}}
{{- $wrong = append $wrong (printf "proxy.terminationGracePeriodSeconds is %v, but proxy.drain takes up to %v seconds: requests would be cut off; make it more, or null." $v.proxy.terminationGracePeriodSeconds $taken) -}}
{{- end -}}
{{- end -}}
{{- if lt (int $v.operator.terminationGracePeriodSeconds) 1 -}}
{{- $wrong = append $wrong (printf "operator.terminationGracePeriodSeconds is %v: it must be at least 1, so that the lease can be given up." $v.operator.terminationGracePeriodSeconds) -}}
{{- end -}}

{{- range $name := list "operator" "proxy" -}}
{{- $account := (get $v $name).serviceAccount -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- $wrong = append $wrong (printf "%s.serviceAccount.create is false, but %s.serviceAccount.name is empty: name the ServiceAccount to use." $name $name) -}}
{{- end -}}
{{- end -}}
{{- if eq (include "gatehouse.operator.serviceAccount" .) (include "gatehouse.proxy.serviceAccount" .) -}}
{{- $wrong = append $wrong (printf "operator and proxy would both run as ServiceAccount %q: the proxy must have one without permissions." (include "gatehouse.proxy.serviceAccount" .)) -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.enabled) -}}
{{- $wrong = append $wrong "metrics.serviceMonitor.enabled is true, but metrics.enabled is false: there would be no Service to scrape." -}}
{{- end -}}

{{- if $wrong -}}
{{- fail (printf "\n\nThe values cannot be used:\n  - %s\n" (join "\n  - " $wrong)) -}}
{{- end -}}
{{- end }}

{{/* The flags that the chart gives (a program refuses one that is given twice), and the values for them. */}}
{{- define "gatehouse.ownFlags" -}}
operator:
  --certificate-owner-reference: operator.certificateOwnerReference
  --control-address: ""
  --control-ca-config-map: ""
  --control-dns-name: ""
  --control-tls-cert-file: ""
  --control-tls-key-file: ""
  --control-tls-secret: ""
  --default-issuer-kind: operator.defaultIssuer.kind
  --default-issuer-name: operator.defaultIssuer.name
  --health-address: ""
  --ingress-class: ingressClass.others
  --issuer-hosts: operator.issuerHosts
  --lease-name: ""
  --log-format: logs.format
  --log-level: logs.level
  --metrics-address: ""
  --no-request-buffering: operator.requestBuffering
  --proxy-service: ""
  --proxy-service-account: proxy.serviceAccount.name
  --publish-address: operator.publishAddresses
  --publish-service: operator.publishAddresses
  --request-buffering: operator.requestBuffering
  --shared-hosts: operator.sharedHosts
  --watch-namespaces: operator.watchNamespaces
  --workers: operator.workers
proxy:
  --access-log: proxy.accessLog
  --admin-address: ""
  --body-timeout: proxy.timeouts.body
  --config: ""
  --control-ca-file: ""
  --control-token-file: ""
  --control-url: ""
  --direct-http-address: proxy.proxyProtocol
  --direct-https-address: proxy.proxyProtocol
  --drain-grace: proxy.drain.graceSeconds
  --drain-timeout: proxy.drain.timeoutSeconds
  --eject-after: proxy.endpoints.ejectAfter
  --eject-on-5xx: proxy.endpoints.ejectOn5xx
  --handshake-timeout: proxy.timeouts.handshake
  --header-timeout: proxy.timeouts.header
  --http-address: ""
  --https-address: ""
  --keep-alive-timeout: proxy.timeouts.keepAlive
  --log-format: logs.format
  --log-level: logs.level
  --max-connections: proxy.limits.maxConnections
  --max-connections-per-client: proxy.limits.maxConnectionsPerClient
  --max-connections-per-endpoint: proxy.endpoints.maxConnections
  --max-requests-per-endpoint: proxy.endpoints.maxRequests
  --memory-limit: proxy.limits.memory
  --otlp-traces-url: proxy.otlpTracesUrl
  --proxy-protocol: proxy.proxyProtocol
  --public-http-port: proxy.service.ports.http
  --public-https-port: proxy.service.ports.https
  --slow-start: proxy.endpoints.slowStart
  --snapshot-file: proxy.snapshot.enabled
  --snapshot-key-file: proxy.snapshot.keySecret
  --snapshot-max-age: proxy.snapshot.maxAge
  --trusted-proxies: proxy.trustedProxies
  --trusted-proxy-fields: proxy.trustedProxyFields
  --tunnel-timeout: proxy.timeouts.tunnel
  --upstream-idle-max: proxy.endpoints.maxIdleConnections
  --upstream-idle-timeout: proxy.timeouts.upstreamIdle
  --workers: proxy.workers
  --zone: proxy.zone
{{- end }}
