/**
 * Where the gateway's process begins: keeps it small, then runs the command line. V8 lets young garbage grow to
 * 48 MiB before it looks; ours lives for one chunk of bytes, so the young space stays as small as it starts. That
 * must be said before any other code of ours is loaded, hence the import at the end; it saves some 50 MiB.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine();
