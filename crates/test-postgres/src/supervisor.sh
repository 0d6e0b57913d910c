# Runs a PostgreSQL server for a test process. The test process writes commands to standard input,
# and reads one line in reply to each. It holds the only writing end: when it ends, even by SIGKILL,
# the loop below ends, and the server's directory is removed.
#
# $1: directory of the server's programs; $2: directory of the cluster.
programs=$1
cluster=$2
server=

is_running() {
    [ -n "$server" ] && kill -0 "$server" 2>/dev/null
}

end() {
    if [ -n "$server" ]; then
        kill "-$1" "$server" 2>/dev/null
        wait "$server"
        server=
    fi
}

# Kills the server and all its processes at once. A process that outlives its server would finish
# its statement after the crash.
crash() {
    [ -n "$server" ] || return
    # A stopped server starts no more processes.
    kill -STOP "$server"
    processes=$(children "$server")
    # shellcheck disable=SC2086 # They are numbers.
    kill -KILL "$server" $processes 2>/dev/null
    wait "$server"
    server=
    for process in $processes; do
        while state=$(state_of "$process") && [ "$state" != Z ]; do
            sleep 0.01
        done
    done
}

# The fields of /proc/<process>/stat after the second, which is the name and may contain spaces.
fields() {
    read -r line 2>/dev/null <"/proc/$1/stat" && echo "${line##*) }"
}

state_of() {
    # shellcheck disable=SC2046 # The fields are words.
    set -- $(fields "$1") && [ "$#" -gt 0 ] && echo "$1"
}

children() {
    for directory in /proc/[0-9]*; do
        # shellcheck disable=SC2046 # The fields are words.
        set -- "$1" "${directory#/proc/}" $(fields "${directory#/proc/}")
        if [ "${4-}" = "$1" ]; then
            echo "$2"
        fi
    done
}

# Prints `ready`, or `failed` if the server ends or is not ready within a minute.
start() {
    "$programs/postgres" -D "$cluster/data" -p "$1" >>"$cluster/log" 2>&1 </dev/null &
    server=$!
    tries=0
    while is_running && [ "$tries" -lt 1200 ]; do
        if "$programs/pg_isready" -q -h "$cluster" -p "$1" -d postgres; then
            echo ready
            return
        fi
        tries=$((tries + 1))
        sleep 0.05
    done
    end QUIT
    echo failed
}

while read -r command argument; do
    case $command in
    start) start "$argument" ;;
    end)
        end "$argument"
        echo ended
        ;;
    crash)
        crash
        echo ended
        ;;
    esac
done

end QUIT
cd /
rm -rf "$cluster"
