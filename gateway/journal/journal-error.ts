/**
 * What can go wrong with the journal, as the rest of the gateway sees it. Every code is an operating fault: the
 * caller keeps its data and may try again, except `closed`.
 */
export type JournalErrorCode =
  /** The disk or the file's hard limit is full; nothing of the entry was kept. Later appends are tried afresh. */
  | 'disk-full'
  /** More waits for the disk than memory allows. */
  | 'queue-full'
  /** The storage answered with an I/O error. */
  | 'io'
  /** Another process holds the file. */
  | 'in-use'
  /** The file was made on another machine: copied or moved. */
  | 'foreign'
  /** The file was written by a newer release. */
  | 'newer-format'
  /** The disk is too small for a journal. */
  | 'disk-too-small'
  /** The worker thread ended; the process should be restarted. */
  | 'worker-died'
  | 'closed';

export class JournalError extends Error {
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JournalError';
    this.code = code;
  }
}

/** The file cannot be trusted any more: not a database, damaged, or of another format. Leads to a salvage. */
export class UnusableFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnusableFileError';
  }
}

/** The last one: the file ends before the page that its tree points to. */
const DAMAGE = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_IOERR_SHORT_READ'];

/** Our statements never change: a name they do not find was changed in the file, in the text of its schema or its header. */
const FOREIGN_SCHEMA = /no such (table|column)|has no column named|unsupported file format|already exists/;

/** Maps what SQLite throws; anything unknown is a programmer error and passes through unchanged. */
export function mapSqliteError(error: unknown): unknown {
  const code = sqliteCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const because = { cause: error };
  const damaged = DAMAGE.some((name) => code.startsWith(name));
  if (damaged || (code === 'SQLITE_ERROR' && FOREIGN_SCHEMA.test(error.message))) {
    return new UnusableFileError(`${error.message} (${code})`, because);
  }
  if (code === 'SQLITE_FULL') return new JournalError('disk-full', 'the journal has no room left', because);
  if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_READONLY' || code === 'SQLITE_CANTOPEN') {
    return new JournalError('io', `journal storage failed: ${error.message} (${code})`, because);
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new JournalError(
      'in-use',
      'the journal file is in use by another process; is a gateway running on it?',
      because,
    );
  }
  return error;
}

function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'SqliteError' || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
