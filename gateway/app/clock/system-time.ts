/**
 * What the operating system knows of its clock. systemd-timesyncd touches a file at each successful synchronisation
 * (systemd-timesyncd.service(8), FILES; "to assist … applications to detecting synchronization"); other time daemons
 * leave none that says so, and then nothing is known.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface SystemTime {
  lastSync(): SystemSync;
}

/** `unknown`: nobody here knows. `none`: not synchronised since the start of the machine. */
export type SystemSync = 'unknown' | 'none' | { readonly mark: number };

const TIMESYNC_FOLDER = '/run/systemd/timesync';

/** A mark is another one after each synchronisation; it is a file time, which the clock's own error does not matter to. */
export function timesyncd(folder = TIMESYNC_FOLDER): SystemTime {
  return {
    lastSync() {
      const file = statSync(join(folder, 'synchronized'), { throwIfNoEntry: false });
      if (file !== undefined) return { mark: file.mtimeMs };
      return existsSync(folder) ? 'none' : 'unknown';
    },
  };
}
