#!/bin/sh
# container.sh FOLDER PYTHON PACKAGES ro|rw WORKDIR COMMAND...: run a command as a container of the
# image does. It belongs into a mount namespace of its own (unshare --mount), as root.
#
# Where the image has them: Python and the packages of the tests instead of the base image, the
# folder's tree as /opt/pbf, its secrets, and an empty /tmp, which alone can be written. With ro, the
# command runs as the image's user without any capability.
set -eu
folder=$1 python=$2 packages=$3 mode=$4 workdir=$5
shift 5

mount -t tmpfs tmpfs /opt
mkdir /opt/python /opt/site-packages /opt/pbf /opt/dist
mount --bind "$python" /opt/python
mount --bind "$packages" /opt/site-packages
mount --bind "$folder/tree" /opt/pbf
mount --bind "$folder/dist" /opt/dist
mount -t tmpfs tmpfs /run
mkdir /run/secrets
mount --bind "$folder/secrets" /run/secrets
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -o "remount,bind,$mode" /opt/pbf
mount -o remount,bind,ro /run
mount -o remount,bind,ro /opt
mount -o remount,bind,ro /

cd "$workdir"
if [ "$mode" = rw ]; then
  exec "$@"
fi
exec setpriv --reuid="${USER%:*}" --regid="${USER#*:}" --clear-groups --bounding-set=-all \
  --inh-caps=-all --no-new-privs "$@"
