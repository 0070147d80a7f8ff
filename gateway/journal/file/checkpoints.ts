/**
 * The checkpoints of open sessions, as the file keeps them: `checkpoint(key, body)`, each body sealed with its key. One
 * that was changed would become a passage that nobody made.
 */
import { UnusableFileError } from '../journal-error.ts';
import type { Connection, Statement } from './connection.ts';
import { seal, unseal } from './sealed.ts';

export interface Checkpoint {
  readonly key: string;
  readonly body: string;
}

export const CHECKPOINTS_SCHEMA =
  'create table checkpoint(key text primary key, body text not null) without rowid;';

/** The character that follows `/`: all keys below a folder sort before the folder's name with it. */
const BEHIND_SLASH = '0';

export class Checkpoints {
  readonly #put: Statement<[string, string]>;
  readonly #drop: Statement<[string]>;
  readonly #dropFolder: Statement<[string, string]>;

  constructor(db: Connection) {
    this.#put = db.prepare(
      'insert into checkpoint(key, body) values (?, ?) on conflict(key) do update set body = excluded.body',
    );
    this.#drop = db.prepare('delete from checkpoint where key = ?');
    this.#dropFolder = db.prepare('delete from checkpoint where key >= ? and key < ?');
  }

  put({ key, body }: Checkpoint): void {
    this.#put.run(key, seal(body, key));
  }

  /** A key that ends in `/` stands for everything below it. */
  drop(key: string): void {
    if (key.endsWith('/')) this.#dropFolder.run(key, `${key.slice(0, -1)}${BEHIND_SLASH}`);
    else this.#drop.run(key);
  }
}

/** Throws UnusableFileError for one that is not as it was written. */
export function readCheckpoints(db: Connection): Checkpoint[] {
  return readSealed(db).map(({ key, body }) => {
    if (body === undefined) throw new UnusableFileError(`checkpoint "${key}" is damaged`);
    return { key, body };
  });
}

/** Those of a damaged file that are as they were written, and whether all are. */
export function readSoundCheckpoints(db: Connection): { sound: Checkpoint[]; whole: boolean } {
  const all = readSealed(db);
  const sound = all.flatMap(({ key, body }) => (body === undefined ? [] : [{ key, body }]));
  return { sound, whole: sound.length === all.length };
}

function readSealed(db: Connection): { key: string; body: string | undefined }[] {
  // A column can hold anything in a damaged file.
  const bodyOf = (key: unknown, body: unknown) => (typeof key === 'string' ? unseal(body, key) : undefined);
  return readPlainCheckpoints(db).map(({ key, body }) => ({ key, body: bodyOf(key, body) }));
}

/** As they stand in a file of format 1. */
export function readPlainCheckpoints(db: Connection): Checkpoint[] {
  return db.prepare<[], Checkpoint>('select key, body from checkpoint').all();
}

/** Format 1 had them plain. */
export function sealCheckpoints(db: Connection): void {
  const checkpoints = new Checkpoints(db);
  for (const checkpoint of readPlainCheckpoints(db)) checkpoints.put(checkpoint);
}
