# A host as an operator gets one: Debian with systemd and sshd, and one user who may sudo.
ARG BASE
FROM ${BASE}
ENV container=docker

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      systemd systemd-sysv dbus openssh-server sudo iproute2 procps

# What deployments install, downloaded but not installed.
ARG DOWNLOADED
RUN apt-get install -y --no-install-recommends --download-only ${DOWNLOADED}

RUN useradd --create-home --shell /bin/bash admin \
 && install -d -m 0700 -o admin -g admin /home/admin/.ssh \
 && echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin

# Each host has its own identity: made at its first boot, never in the image.
COPY ssh-keys.conf /etc/systemd/system/ssh.service.d/keys.conf
RUN rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id && : >/etc/machine-id

# Docker inside a host, and `sysctl.d` at boot, need a writable /proc/sys. The kernel is the whole
# machine's, so Debian's own sysctl files are left out: only what a deployment puts there is set.
COPY proc-sys.service /etc/systemd/system/
RUN rm -f /usr/lib/sysctl.d/*.conf /etc/sysctl.d/*.conf \
 && systemctl enable proc-sys.service \
 && systemctl mask apt-daily.timer apt-daily-upgrade.timer fstrim.timer

STOPSIGNAL SIGRTMIN+3
CMD ["/lib/systemd/systemd", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]
