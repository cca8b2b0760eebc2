/**
 * Each asks `kdpipe __complete` with the words of the line up to the cursor; without an answer files are completed. Bash
 * takes = and : for ends of words: what stands before the last of them is there already.
 */
const bash = `_kdpipe() {
  local line=\${COMP_LINE:0:COMP_POINT} words cur before
  read -ra words <<< "$line"
  if [[ $line == *' ' ]]; then words+=(''); fi
  cur=\${words[@]: -1}
  before=\${cur%"\${cur##*[=:]}"}
  mapfile -t COMPREPLY < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=("\${COMPREPLY[@]#"$before"}")
}
complete -o default -F _kdpipe kdpipe`;

const zsh = `#compdef kdpipe
_kdpipe() {
  local -a found
  found=(\${(f)"$("\${words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
compdef _kdpipe kdpipe`;

const fish = `function __kdpipe_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c kdpipe -a '(__kdpipe_complete)'`;

/** What each shell reads. */
export const scripts = { bash, zsh, fish } as const;

/** A shell that there is a script for. */
export type Shell = keyof typeof scripts;
