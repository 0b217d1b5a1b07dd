/** Scripts that complete commands and options in a shell, made from the definitions of the commands. */
import type { Command } from 'commander';

interface Choice {
  /** Words that lead to a command, e.g. `meta get`; '' for the program itself. */
  readonly path: string;
  readonly commands: ReadonlyArray<{ readonly name: string; readonly description: string }>;
  readonly options: ReadonlyArray<{
    readonly flag: string;
    readonly description: string;
    readonly value: boolean;
  }>;
}

export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const choices = collectChoices(program, program, []);
  if (shell === 'bash') return bashScript(choices);
  return shell === 'zsh' ? zshScript(choices) : fishScript(choices);
}

function collectChoices(program: Command, command: Command, path: readonly string[]): Choice[] {
  const options = command === program ? program.options : [...command.options, ...program.options];
  const own: Choice = {
    path: path.join(' '),
    commands: command.commands.map((each) => ({ name: each.name(), description: each.description() })),
    options: options.flatMap(({ short, long, description, required, optional }) =>
      [short, long].flatMap((flag) => (flag ? [{ flag, description, value: required || optional }] : [])),
    ),
  };
  return [own, ...command.commands.flatMap((each) => collectChoices(program, each, [...path, each.name()]))];
}

/** Finds the command in the words before the cursor, then completes its subcommands, its options, or files. */
function bashScript(choices: readonly Choice[]): string {
  const cases = choices.map(
    ({ path, commands, options }) =>
      `    '${path}') commands='${commands.map(({ name }) => name).join(' ')}'; options='${options.map(({ flag }) => flag).join(' ')}' ;;`,
  );
  return `_fdfs() {
  local word path='' longer commands='' options=''
  local current="\${COMP_WORDS[COMP_CWORD]}"
${findCommand('COMP_WORDS[@]:1:COMP_CWORD-1', choices, cases)}
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n "$commands" ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _fdfs fdfs
`;
}

function zshScript(choices: readonly Choice[]): string {
  const entry = (name: string, description: string) => quote(`${name.replaceAll(':', '\\:')}:${description}`);
  const cases = choices.map(({ path, commands, options }) => {
    const listed = [
      `      commands=(${commands.map(({ name, description }) => entry(name, description)).join(' ')})`,
      `      options=(${options.map(({ flag, description }) => entry(flag, description)).join(' ')})`,
    ];
    return `    '${path}')\n${listed.join('\n')} ;;`;
  });
  return `#compdef fdfs
_fdfs() {
  local word path='' longer
  local -a commands options
${findCommand('(@)words[2,CURRENT-1]', choices, cases)}
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _fdfs ]]; then _fdfs "$@"; else compdef _fdfs fdfs; fi
`;
}

/**
 * For bash and zsh: finds the command in the words before the cursor, then what can follow it.
 * @param words what the shell expands to those words, between braces
 */
function findCommand(words: string, choices: readonly Choice[], cases: readonly string[]): string {
  const paths = choices.map(({ path }) => path).filter((path) => path !== '');
  return `  for word in "\${${words}}"; do
    longer="\${path:+$path }$word"
    case "$longer" in
      ${paths.map((path) => `'${path}'`).join('|')}) path="$longer" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac`;
}

function fishScript(choices: readonly Choice[]): string {
  const lines = choices.flatMap(({ path, commands, options }) => {
    const words = path === '' ? [] : path.split(' ');
    const here = [
      ...(words.length === 0
        ? ['__fish_use_subcommand']
        : words.map((word) => `__fish_seen_subcommand_from ${word}`)),
    ].join('; and ');
    const deeper = commands.map(({ name }) => name).join(' ');
    const undecided =
      words.length > 0 && deeper !== '' ? `${here}; and not __fish_seen_subcommand_from ${deeper}` : here;
    return [
      ...commands.map(
        ({ name, description }) =>
          `complete -c fdfs -f -n '${undecided}' -a ${name} -d ${quote(description)}`,
      ),
      ...options.map(({ flag, description, value }) => {
        const kind = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        return `complete -c fdfs -n '${here}' ${kind}${value ? ' -r' : ''} -d ${quote(description)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}

/** For all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
