
# Names of ready-made mappings: `builtin:` has a colon, which bash takes for the end of a word. So
# the word is read from the line itself, and of a name only what stands behind the last colon is
# given back, as bash replaces no more than that.
_importer_with_mappings() {
    _importer "$@"
    local line="${COMP_LINE:0:COMP_POINT}"
    local word="${line##*[[:space:]]}"
    local before="${line%"$word"}"
    before="${before%"${before##*[![:space:]]}"}"
    before="${before##*[[:space:]]}"
    local typed="${word#--mapping=}" names
    case "$before,$word" in
        -m,* | --mapping,* | *,--mapping=* | *,builtin:*) ;;
        *) return 0 ;;
    esac
    names="$(compgen -W "{names}" -- "$typed")"
    [[ -n "$names" ]] || return 0
    # A name that has begun is no file's.
    [[ -z "$typed" ]] || COMPREPLY=()
    if [[ "$typed" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
        local begun="${typed%"${typed##*:}"}" name
        for name in $names; do
            COMPREPLY+=("${name#"$begun"}")
        done
    else
        # shellcheck disable=SC2206
        COMPREPLY+=($names)
    fi
    return 0
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _importer_with_mappings -o nosort -o bashdefault -o default importer
else
    complete -F _importer_with_mappings -o bashdefault -o default importer
fi
