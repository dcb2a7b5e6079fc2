# A login shell gets the PATH of /etc/profile, and one behind sshd nothing of the image's environment.
PATH="$HOME/.local/bin:$HOME/.bun/bin:$HOME/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export NPM_CONFIG_PREFIX="$HOME/.local"
export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
export DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
