#!/bin/sh
# Makes the secrets of docker-compose.yml where they are missing. They stay out of the repository.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
if [ ! -f secrets/postgres-password ]; then
  head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >secrets/postgres-password
fi
printf 'postgres://tallyport:%s@postgres:5432/tallyport' "$(cat secrets/postgres-password)" >secrets/database-url
[ -f secrets/gateway-token ] || : >secrets/gateway-token
# Containers run as uid 10001 and get each file mounted by itself; on the host only the folder's owner gets in.
chmod 644 secrets/*
chmod 700 secrets
