# Runs a throwaway PostgreSQL cluster for as long as standard input is open, and leaves nothing behind.
#
# The process that wants the cluster holds the other end of standard input. However it ends, killed or crashed,
# that end closes, and what is below the `cat` happens. Arguments: the folder of PostgreSQL's programs, then the
# ports to try. Says `ready PORT` once, on standard output.
set -eu
programs=$1
shift

# In memory, where there are two gigabytes to spare: making a database there takes a tenth of the time.
parent=${TMPDIR:-/tmp}
spare=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ "${spare:-0}" -ge 2097152 ]; then parent=/dev/shm; fi
directory=$(mktemp -d "$parent/latchkey-postgres.XXXXXX" 2>/dev/null || mktemp -d /tmp/latchkey-postgres.XXXXXX)
data=$directory/data
log=$directory/log

clean_up() {
    "$programs/pg_ctl" stop --pgdata="$data" --mode=immediate --silent >/dev/null 2>&1 || true
    rm -rf "$directory"
}
trap clean_up EXIT
# The end comes through standard input alone: a signal that stops the tests must not stop the cleaning.
trap '' HUP INT TERM

printf 'latchkey\n' >"$directory/password"
"$programs/initdb" --pgdata="$data" --username=latchkey --pwfile="$directory/password" --auth=password \
    --encoding=UTF8 --locale=C --no-sync >"$log"

# Nothing here has to survive a power cut.
cat >>"$data/postgresql.conf" <<'SETTINGS'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = '32MB'
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
SETTINGS

for port in "$@"; do
    if "$programs/pg_ctl" start --wait --silent --pgdata="$data" --log="$log" --options="-p $port" >/dev/null 2>&1; then
        echo "ready $port"
        cat >/dev/null
        exit 0
    fi
done
cat "$log" >&2
exit 1
