export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell has to be told once. Each asks `cspace complete` with the words as they stand on the line, the unfinished
 * one last: they are arguments, and never text that is run. macOS has bash 3.2, which knows no mapfile.
 */
const SCRIPTS: Record<Shell, string> = {
  bash: `# bash completion for cspace
_cspace() {
  local value
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    COMPREPLY+=("$value")
  done < <(cspace complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _cspace cspace
`,
  zsh: `#compdef cspace
_cspace() {
  local -a found
  local line
  for line in "\${(@f)$(cspace complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [ -n "$line" ] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#found} )); then _describe cspace found; else _files; fi
}
# From a folder of fpath this file is the function's own body.
if [ "\${funcstack[1]}" = _cspace ]; then _cspace "$@"; else compdef _cspace cspace; fi
`,
  fish: `# fish completion for cspace
complete -c cspace -f -a '(cspace complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};

export const getCompletionScript = (shell: Shell): string => SCRIPTS[shell];
