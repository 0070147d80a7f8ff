/**
 * Where the gateway's process begins: keeps it small, then runs the command line. V8 lets young garbage grow to
 * 48 MiB before it looks; ours lives for one chunk of bytes, so the young space stays as small as it starts. That
 * must be said before any other code of ours is loaded, hence the import at the end; it saves some 50 MiB.
 *
 * With NODE_COMPILE_CACHE in the environment (`npm run gateway` sets it) the compiler that strips types is not loaded
 * from the second start on, which saves some 30 MiB more.
 */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine();
// A gateway ends by a signal or a power cut, at which nothing is written any more.
flushCompileCache();
