import type { Command } from 'commander';

/** What can stand after `keyturn` and some words. */
export interface Completable {
  /** As `trail verify`; empty for `keyturn` itself. */
  readonly command: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly CompletableOption[];
  /** What its words can be, where that is a closed list. */
  readonly words: readonly string[];
}

export interface CompletableOption {
  /** As `--json`. */
  readonly name: string;
  readonly summary: string;
  /** Null: it takes no value. Empty: any value, which may be a file. */
  readonly values: readonly string[] | null;
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Everything that the command tree knows, a command each. */
export function completables(program: Command): readonly Completable[] {
  const visit = (command: Command, path: readonly string[]): readonly Completable[] => [
    {
      command: path.join(' '),
      commands: command.commands.map((one) => ({ name: one.name(), summary: one.summary() })),
      options: command.options.flatMap((option) =>
        option.long == null || option.hidden
          ? []
          : [
              {
                name: option.long,
                summary: option.description,
                values: option.required || option.optional ? (option.argChoices ?? []) : null,
              },
            ],
      ),
      words: path.join(' ') === 'completion' ? SHELLS : [],
    },
    ...command.commands.flatMap((one) => visit(one, [...path, one.name()])),
  ];
  return visit(program, []);
}

/** The script that a shell reads. */
export function completionScript(shell: Shell, tree: readonly Completable[]): string {
  return SCRIPTS[shell](tree);
}

const SCRIPTS: { readonly [Name in Shell]: (tree: readonly Completable[]) => string } = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

function bashScript(tree: readonly Completable[]): string {
  const cases = tree.map((one) => {
    const words = [
      ...one.commands.map(({ name }) => name),
      ...one.options.map(({ name }) => name),
      ...one.words,
    ];
    return `    ${quoted(one.command)}) words=${quoted(words.join(' '))} ;;`;
  });
  const values = new Map<string, string>();
  for (const { name, values: known } of tree.flatMap((one) => one.options)) {
    if (known !== null) values.set(name, known.join(' '));
  }
  const valueCases = [...values].map(([name, known]) => `    ${name}) choices=${quoted(known)}; takes=1 ;;`);
  return `# keyturn completion for bash; read it with: source <(keyturn completion bash)
_keyturn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local words choices takes="" command="" word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    [[ $word == -- ]] && { COMPREPLY=($(compgen -c -f -- "$current")); return; }
    [[ $word == -* ]] && continue
    case " ${tree.map((one) => one.command.replaceAll(' ', '_')).join(' ')} " in
      *" \${command:+\${command}_}$word "*) command="\${command:+\${command}_}$word" ;;
    esac
  done
  case "$previous" in
${valueCases.join('\n')}
  esac
  if [[ -n $takes ]]; then
    if [[ -n $choices ]]; then COMPREPLY=($(compgen -W "$choices" -- "$current"))
    else COMPREPLY=($(compgen -f -- "$current")); fi
    return
  fi
  case "\${command//_/ }" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _keyturn keyturn
`;
}

function zshScript(tree: readonly Completable[]): string {
  const described = (name: string, summary: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${summary}`);
  const cases = tree.map((one) => {
    const entries = [
      ...one.commands.map(({ name, summary }) => described(name, summary)),
      ...one.options.map(({ name, summary }) => described(name, summary)),
      ...one.words.map((word) => described(word, '')),
    ];
    return `    ${quoted(one.command)}) entries=(${entries.join(' ')}) ;;`;
  });
  const valueCases = valuesOf(tree).map(([name, known]) =>
    known.length === 0
      ? `    ${name}) _files; return ;;`
      : `    ${name}) compadd ${known.join(' ')}; return ;;`,
  );
  const names = tree.filter((one) => one.command !== '').map((one) => quoted(one.command));
  return `#compdef keyturn
# keyturn completion for zsh; read it with: source <(keyturn completion zsh)
_keyturn() {
  local command="" word next
  local -a entries known
  local -i at
  known=(${names.join(' ')})
  for ((at = 2; at < CURRENT; at++)); do
    word="\${words[at]}"
    if [[ $word == -- ]]; then
      shift at words
      (( CURRENT -= at ))
      _normal
      return
    fi
    [[ $word == -* ]] && continue
    next="\${command:+$command }$word"
    (( \${known[(Ie)$next]} )) && command="$next"
  done
  case "\${words[CURRENT-1]}" in
${valueCases.join('\n')}
  esac
  case "$command" in
${cases.join('\n')}
  esac
  _describe -t entries keyturn entries
}
compdef _keyturn keyturn
`;
}

function fishScript(tree: readonly Completable[]): string {
  const lines = tree.flatMap((one) => {
    const when = quoted(`__keyturn_at ${quoted(one.command)}`);
    return [
      ...one.commands.map(
        ({ name, summary }) => `complete -c keyturn -n ${when} -f -a ${name} -d ${quoted(summary)}`,
      ),
      ...one.words.map((word) => `complete -c keyturn -n ${when} -f -a ${word}`),
      ...one.options.map(({ name, summary, values }) => {
        const long = `complete -c keyturn -n ${when} -l ${name.slice(2)} -d ${quoted(summary)}`;
        if (values === null) return long;
        return values.length === 0 ? `${long} -r -F` : `${long} -x -a ${quoted(values.join(' '))}`;
      }),
    ];
  });
  const names = tree.filter((one) => one.command !== '').map((one) => quoted(one.command));
  return `# keyturn completion for fish; read it with: keyturn completion fish | source
function __keyturn_at
    set -l command ''
    set -l words (commandline -opc)
    set -e words[1]
    contains -- -- $words; and return 1
    for word in $words
        string match -q -- '-*' $word; and continue
        set -l next (string trim -- "$command $word")
        contains -- $next ${names.join(' ')}; and set command $next
    end
    test "$command" = "$argv[1]"
end
function __keyturn_ends
    contains -- -- (commandline -opc)
end
complete -c keyturn -f
complete -c keyturn -n __keyturn_ends -F -a '(__fish_complete_command)'
${lines.join('\n')}
`;
}

/** Options that take a value, each once. */
function valuesOf(
  tree: readonly Completable[],
): readonly (readonly [name: string, known: readonly string[]])[] {
  const found = new Map<string, readonly string[]>();
  for (const { name, values } of tree.flatMap((one) => one.options))
    if (values !== null) found.set(name, values);
  return [...found];
}

/** As one word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
