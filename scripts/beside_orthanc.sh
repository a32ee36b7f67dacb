#!/usr/bin/env bash
# An Orthanc of your own on this machine, and presight beside it, until Ctrl-C:
#   scripts/beside_orthanc.sh results [options of presight pacs watch]
# Send studies to http://127.0.0.1:8042/dicom-web or, by C-STORE, to ORTHANC at port 4242.
set -euo pipefail
out=${1:?the folder for the results is missing}
shift
plugin=/usr/share/orthanc/plugins/libOrthancDicomWeb.so
if ! command -v Orthanc >/dev/null || [ ! -e "$plugin" ]; then
    echo "Orthanc with DICOMweb is missing (Debian: apt-get install orthanc orthanc-dicomweb)" >&2
    exit 2
fi
http=${ORTHANC_HTTP_PORT:-8042} dicom=${ORTHANC_DICOM_PORT:-4242}
mkdir -p "$out/orthanc"
cat >"$out/orthanc/orthanc.json" <<JSON
{
  "StorageDirectory": "$out/orthanc", "IndexDirectory": "$out/orthanc", "Plugins": ["$plugin"],
  "HttpPort": $http, "DicomPort": $dicom, "RemoteAccessAllowed": false, "DicomAlwaysAllowStore": true,
  "AuthenticationEnabled": false
}
JSON
Orthanc "$out/orthanc/orthanc.json" >"$out/orthanc/log" 2>&1 &
trap 'kill $!; wait $! || true' EXIT
until (: <"/dev/tcp/127.0.0.1/$http") 2>/dev/null; do
    kill -0 $! 2>/dev/null || { echo "Orthanc did not start: $out/orthanc/log" >&2; exit 2; }
    sleep 0.2
done
presight pacs watch "http://127.0.0.1:$http/dicom-web" --out "$out" "$@"
