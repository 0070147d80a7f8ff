/** Where the simulated disks live: memory where there is some, since what a disk syncs is simulated anyway. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

export const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
