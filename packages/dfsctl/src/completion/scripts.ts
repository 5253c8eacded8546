export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The name of the hidden command that the scripts ask: each line a word, a tab, and what it means. */
export const COMPLETE_COMMAND = '__complete';

/** What a shell has to read to complete command lines of dfsctl. The words come from dfsctl itself, so it never is out of date. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return BASH;
    case 'zsh':
      return ZSH;
    case 'fish':
      return FISH;
  }
}

/** Colons divide words in bash; no word of dfsctl but addresses has one, so words are put together as they stand in the line. */
const BASH = `# dfsctl completion for bash: source <(dfsctl completion bash)
_dfsctl() {
  local line="\${COMP_LINE:0:COMP_POINT}" words begun word
  read -ra words <<<"$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  begun="\${words[\${#words[@]}-1]}"
  # What bash replaces is only the part behind the last colon.
  local kept="\${begun%"\${begun##*:}"}"
  case "$COMP_WORDBREAKS" in *:*) ;; *) kept="" ;; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("\${word#"$kept"}")
  done < <("\${words[0]}" ${COMPLETE_COMMAND} -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _dfsctl dfsctl
`;

const ZSH = `#compdef dfsctl
# dfsctl completion for zsh: source <(dfsctl completion zsh)
_dfsctl() {
  local -a found
  local word meaning
  while IFS=$'\\t' read -r word meaning; do
    found+=("\${word//:/\\\\:}\${meaning:+:$meaning}")
  done < <("\${words[1]}" ${COMPLETE_COMMAND} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe 'dfsctl' found; else _files; fi
}
if [ "\${funcstack[1]}" = "_dfsctl" ]; then _dfsctl "$@"; else compdef _dfsctl dfsctl; fi
`;

const FISH = `# dfsctl completion for fish: dfsctl completion fish | source
function __dfsctl_complete
  set -l words (commandline -opc) (commandline -ct)
  command $words[1] ${COMPLETE_COMMAND} -- $words[2..-1] 2>/dev/null
end
complete -c dfsctl -f -a '(__dfsctl_complete)'
`;
