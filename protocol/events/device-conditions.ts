/** What is known of device condition codes beyond their name; codes not listed here last until they are taken back. */

/** They happen rather than last: no device ever says that they are over. Each is an event of its own. */
export const MOMENTARY_CONDITIONS: ReadonlySet<string> = new Set([
  'READER_BUFFER_OVERFLOW',
  'READER_BUFFER_WARNING',
  'READER_EXCEPTION',
  'READER_CONTENDED',
  'DISCARDED',
]);

/** The device lost readings and cannot say how many. */
export const UNCOUNTED_LOSS_CONDITIONS: ReadonlySet<string> = new Set(['READER_BUFFER_OVERFLOW']);

/** A gap event of its own tells of the loss, or nothing is lost yet: no matter for a person by itself. */
export const CONDITIONS_TOLD_BY_GAPS: ReadonlySet<string> = new Set(['DISCARDED', 'READER_BUFFER_WARNING']);
