# Builds what bin/rwkv runs; for it to source, with $root set to the checkout.
#
# The jars of each build lie in a folder of their own, .rwkv/lib-*, which nothing changes any more: a running command keeps
# its jars whatever is built meanwhile. The file .rwkv/current names the folder to run. Folders that neither it nor a running
# command names are removed by the next build. .rwkv is not below target, so that mvn clean takes no jars from a running
# command; removing it makes the next command build anew.
state=$root/.rwkv
host=$(uname -n)

# Whether a process, as "PID HOST", runs. Those of other machines and containers cannot be asked.
alive() {
    local pid=${1%% *}
    [ "${1#* }" = "$host" ] || return 0
    kill -0 "$pid" 2>/dev/null && return
    # Another user's, perhaps. Small systems have no ps, macOS has no /proc.
    if [ -d /proc/self ]; then [ -d "/proc/$pid" ]; else ps -p "$pid" >/dev/null 2>&1; fi
}

older() {
    [ -n "$(find "$1" -prune -mmin +"$2" -print 2>/dev/null)" ]
}

# Sets lib to the folder to run, and says in a file that this process, which becomes the JVM, uses it. That file is empty
# before `current` is read: whoever removes folders sees either a process that may take any, or the one that it took.
choose_lib() {
    local user="$state/users/$$ $host" name=
    if ! { mkdir -p "$state/users" && : >"$user"; } 2>/dev/null; then
        user=/dev/null # a checkout that cannot be written; nobody builds there
    fi
    read -r name 2>/dev/null <"$state/current" || true
    lib=$state/${name:-none}
    echo "$name" >"$user"
}

# Forgets the commands that have ended, which cannot say so themselves. Those elsewhere are given a week.
forget_ended() {
    local file owner
    for file in "$state"/users/*; do
        owner=${file##*/}
        if ! alive "$owner" || { [ "${owner#* }" != "$host" ] && older "$file" 10080; }; then
            rm -f "$file"
        fi
    done
}

# Whether the folder that choose_lib has chosen is there and newer than the sources.
is_built() {
    local sources=("$root"/pom.xml "$root"/*/pom.xml "$root"/rwkv-*/src/main)
    [ -e "$lib/.built" ] && [ -z "$(find "${sources[@]}" -newer "$lib/.built" -print | head -n 1)" ]
}

# Waits until no other build runs in this checkout. A folder, since macOS has no flock.
take_lock() {
    local lock=$state/lock owner tries=0 said=
    mkdir -p "$state"
    until mkdir "$lock" 2>/dev/null; do
        [ -d "$lock" ] || [ $((tries += 1)) -lt 20 ] || fail "cannot make the folder $lock"
        owner=$(cat "$lock/owner" 2>/dev/null || true)
        if is_stale "$lock" "$owner"; then
            break_lock "$lock" "$owner"
        elif [ -z "$said" ] && [ -n "$owner" ]; then
            echo "rwkv: waiting for the build of process $owner (its lock: $lock) ..." >&2
            said=1
        fi
        sleep 0.2
    done
    trap 'rm -rf "$state/lock"' EXIT
    echo "$$ $host" >"$lock/owner"
}

# Removes a stale lock, if it is still that owner's: only one process at a time may, else the second would remove the lock
# that the first has taken since.
break_lock() {
    if mkdir "$1.break" 2>/dev/null; then
        if [ "$2" = "$(cat "$1/owner" 2>/dev/null || true)" ]; then
            rm -rf "$1"
        fi
        rmdir "$1.break"
    elif older "$1.break" 1; then
        rmdir "$1.break" 2>/dev/null || true
    fi
}

# Whether a lock's owner ended without removing it. No build takes an hour: then another process has its number.
is_stale() {
    if [ -n "$2" ]; then
        ! alive "$2" || older "$1" 60
    else
        older "$1" 1
    fi
}

# Removes the folders that nobody uses. Under the lock, hence no build is in progress.
remove_unused() {
    local file used current folder
    forget_ended
    read -r current <"$state/current"
    used=" $current "
    for file in "$state"/users/*; do
        if [ "${file##*/}" = "$$ $host" ] || [ ! -e "$file" ]; then
            continue
        fi
        [ -s "$file" ] || return 0 # it may be about to take any
        used+="$(cat "$file") "
    done
    for folder in "$state"/lib-*; do
        case $used in
        *" ${folder##*/} "*) ;;
        *) rm -rf "$folder" ;;
        esac
    done
}

# Builds into a new folder and makes it the current one: at once and complete, or not at all.
build_lib() {
    local jdk mvn log name new status=0
    take_lock
    choose_lib
    if is_built; then
        release_lock # another process has built it meanwhile
        return
    fi
    mvn=$(command -v mvn || true)
    mvn=${mvn:-$root/mvnw}
    jdk=$(jdk_newest javac 17)
    [ -n "$jdk" ] || fail "a JDK, 17 or later, is needed to build the command, found only a JRE in $java"
    echo "rwkv: building (the first time downloads some 180 MB) ..." >&2
    if [ -e "$state/building" ]; then
        # A build was killed: files that it left half written would pass for up to date.
        rm -rf "$root"/rwkv/target "$root"/rwkv-*/target
    fi
    name=lib-$(date +%Y%m%d%H%M%S)-$$
    new=$state/$name
    log=$state/log.$$
    # Its time is that of the beginning: what is edited during the build is newer.
    : >"$state/building"
    trap 'exit 130' INT TERM HUP
    trap 'rm -rf "$new" "$log" "$state/lock"' EXIT
    # The jars only: tests, javadoc and source jars are for mvn verify.
    (cd "$root" && JAVA_HOME=$jdk "$mvn" -B -ntp -q -pl rwkv-cli -am -DskipTests -Dmaven.javadoc.skip -Dmaven.source.skip \
        -Dformatter.skip -Drwkv.failOnWarning=false "-Drwkv.lib=$new" ${RWKV_MVN_OPTS:-} package) >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        cat "$log" >&2
        # More than 128: ended by a signal, perhaps in the middle of a file.
        [ "$status" -ge 128 ] || rm -f "$state/building"
        fail "the build failed, see above"
    fi
    if [ -e "$root/rwkv-simd/target/classes/io/rwkv/simd/SimdEngineProvider.class" ]; then
        : >"$new/.simd"
    else
        echo "rwkv: built without the simd engine, the fast one: no JDK 25 found; install one, or set JDK25_HOME to its" \
            "folder, and remove $state" >&2
    fi
    mv "$state/building" "$new/.built"
    echo "$name" >"$state/current.$$"
    mv -f "$state/current.$$" "$state/current"
    # Complete: from here on only the lock has to go.
    trap 'rm -rf "$state/lock"' EXIT
    rm -f "$log"
    remove_unused
    choose_lib
    release_lock
}

release_lock() {
    rm -rf "$state/lock"
    trap - EXIT INT TERM HUP
}
