/**
 * A copy of the committed repository in which one mutation at a time is made and taken back. The working tree is
 * never written to. It shares `node_modules` by a link.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyEdit, type Edit } from './mutation.ts';

export class Workspace implements Disposable {
  readonly path: string;

  constructor(repository: string, commit: string) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), 'tallyport-mutation-')));
    try {
      git('clone', '--quiet', '--no-checkout', repository, this.path);
      git('-C', this.path, 'checkout', '--quiet', '--detach', commit);
      symlinkSync(join(repository, 'node_modules'), join(this.path, 'node_modules'));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** All edits or none. */
  apply(edits: readonly Edit[]): void {
    const changed = new Map<string, string>();
    for (const edit of edits) {
      const source = changed.get(edit.file) ?? readFileSync(join(this.path, edit.file), 'utf8');
      changed.set(edit.file, applyEdit(source, edit));
    }
    for (const [file, text] of changed) writeFileSync(join(this.path, file), text);
  }

  /** Takes back the mutation and what the judge wrote into files of the repository. */
  restore(): void {
    git('-C', this.path, 'checkout', '--quiet', '--', '.');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The commit that `repository` stands at. */
export function headOf(repository: string): string {
  return git('-C', repository, 'rev-parse', 'HEAD').trim();
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' });
}
