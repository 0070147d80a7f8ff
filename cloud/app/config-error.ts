/** What cannot be used of a configuration or a command line, in words for people; and reading the files that it names. */
import { readFileSync } from 'node:fs';

/** A configuration or command line that cannot be used; `problems` are lines for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** File content, or a ConfigError that says which file, why, and what to do. */
export function readText(file: string, what: string, advice: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError([`cannot read ${what} ${file} (${reason}): ${advice}`]);
  }
}
