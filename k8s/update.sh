#!/bin/sh
# update.sh - makes what is derived: overlays/monitoring/rules.yaml from
# docker/prometheus/rules.yml, and install.yaml from the base. A test holds both to that.
# usage: k8s/update.sh [KUBECTL]
set -eu
cd "$(dirname "$0")"
kubectl=${1:-kubectl}

{
	cat <<'TEXT'
# Made by k8s/update.sh from docker/prometheus/rules.yml. In place of BackupUnverified there is
# job-rules.yaml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: farthing
  labels:
    app.kubernetes.io/part-of: farthing
spec:
TEXT
	# Paragraphs are alerts, most of them with a comment in front.
	grep -v '^ *#' ../docker/prometheus/rules.yml |
		awk -v RS= -v ORS='\n\n' '!/BackupUnverified/' |
		sed -e 's/^./  &/' -e '$ { /^$/d }'
} >overlays/monitoring/rules.yaml

{
	echo "# Made by k8s/update.sh: all of k8s/base in one file, for kubectl apply -f."
	KUBECONFIG=/dev/null "$kubectl" kustomize base
} >install.yaml
