# Finds Java installations; for bash scripts to source. tools/FindJdk.java does the same for Maven, which has to run where
# there is no bash. Where to look stands in tools/jdk-folders, once for both.
jdk_folders=$(dirname "${BASH_SOURCE[0]}")/jdk-folders

# Prints "MAJOR HOME" if this is a Java home. The file `release` is read, since starting each JVM takes time.
jdk_version() {
    local home=$1 version
    [ -x "$home/bin/java" ] || return 0
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release" 2>/dev/null || true)
    [ -n "$version" ] || version=$("$home/bin/java" -version 2>&1 | sed -n '1s/^[^"]*"\([0-9]*\).*/\1/p')
    [ -z "$version" ] || echo "$version $home"
}

# Prints "MAJOR HOME" of each home that has this program (java to run, javac to build): those of JAVA_HOME and PATH first.
jdk_list() {
    local program=$1 home on_path folder
    on_path=$(command -v java 2>/dev/null || true)
    while [ -L "$on_path" ]; do
        on_path=$(readlink "$on_path")
    done
    {
        printf '%s\n' "${JAVA_HOME:-}" "${on_path%/bin/java}"
        while IFS= read -r folder; do
            # Unquoted, so that * expands; no field separator, so that blanks do not split.
            local IFS=
            printf '%s\n' ${folder/#\~/$HOME}
        done <"$jdk_folders"
    } | while IFS= read -r home; do
        if [ -n "$home" ] && [ -x "$home/bin/$program" ]; then
            jdk_version "$home"
        fi
    done
}

# The newest home with this program, from one Java to another; nothing where there is none.
jdk_newest() {
    jdk_list "$1" | sort -s -rn -k 1,1 |
        awk -v min="$2" -v max="${3:-999}" '$1 >= min && $1 <= max && !n++ { sub(/^[0-9]+ /, ""); print }'
}

# The home to build with for this Java: what JDK<MAJOR>_HOME names, else the oldest JDK that is new enough.
jdk_for() {
    local variable=JDK$1_HOME version home
    if [ -n "${!variable:-}" ]; then
        home=${!variable}
        version=$(jdk_version "$home")
        version=${version%% *}
        if [ ! -x "$home/bin/javac" ] || [ "${version:-0}" -lt "$1" ]; then
            echo "$variable: expected the folder of a JDK $1 or later, found $home" >&2
            return 1
        fi
        echo "$home"
        return
    fi
    home=$(jdk_list javac | sort -s -n -k 1,1 | awk -v min="$1" '$1 >= min && !n++ { sub(/^[0-9]+ /, ""); print }')
    if [ -z "$home" ]; then
        echo "no JDK $1 found; install one, or set $variable to its folder" >&2
        return 1
    fi
    echo "$home"
}
