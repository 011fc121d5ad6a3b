# Runs a throwaway PostgreSQL cluster for as long as standard input is open, and leaves nothing behind.
#
# The process that wants the cluster holds the other end of standard input. However it ends, killed or crashed,
# that end closes, and what is below the loop happens. Arguments: the folder of PostgreSQL's programs, then `fast`, or
# `durable` for a cluster that keeps what it has committed, then the ports to try. Says `ready PORT` on standard
# output; once more for each line `restart` on standard input, which crashes the server and starts it again.
set -eu
programs=$1
kind=$2
shift 2

# In memory, where there are two gigabytes to spare: making a database there takes a tenth of the time.
parent=${TMPDIR:-/tmp}
spare=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ "$kind" = fast ] && [ "${spare:-0}" -ge 2097152 ]; then parent=/dev/shm; fi
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

cat >>"$data/postgresql.conf" <<'SETTINGS'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = '32MB'
wal_level = minimal
max_wal_senders = 0
autovacuum = off
SETTINGS
# Nothing in a fast one has to survive a power cut.
if [ "$kind" = fast ]; then
    cat >>"$data/postgresql.conf" <<'SETTINGS'
fsync = off
synchronous_commit = off
full_page_writes = off
SETTINGS
fi

start() {
    "$programs/pg_ctl" "$@" --wait --silent --pgdata="$data" --log="$log" --options="-p $port" >/dev/null 2>&1
}

for port in "$@"; do
    if start start; then
        echo "ready $port"
        while read -r order; do
            if [ "$order" = restart ]; then
                start restart --mode=immediate
                echo "ready $port"
            fi
        done
        exit 0
    fi
done
cat "$log" >&2
exit 1
