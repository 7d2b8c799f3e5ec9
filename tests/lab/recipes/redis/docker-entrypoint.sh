#!/bin/sh
# An option or a configuration file alone means the server; the server never runs as root.
set -e
case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec setpriv --reuid=redis --regid=redis --clear-groups --nnp --inh-caps=-all \
        --ambient-caps=-all --bounding-set=-all -- "$0" "$@"
fi
umask 0077
exec "$@"
