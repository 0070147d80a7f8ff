/**
 * Where the gateway's process begins: keeps it small, then runs the command line. All of it must be said before any
 * other code of ours is loaded, hence the imports at the end. Measured by `npm run bench -- memory`:
 * - V8 lets young garbage grow to 48 MiB before it looks; ours lives for one chunk of bytes, so the young space stays as
 *   small as it starts: some 50 MiB.
 * - Old garbage may be a fifth of what lives, not half: 8 MiB.
 * - mqtt-packet keeps a Buffer ready for each of 65,536 numbers; we write a few packets a second: 12 MiB.
 *
 * `npm run gateway` sets the rest in the environment. NODE_COMPILE_CACHE: the compiler that strips types is not loaded
 * from the second start on, 30 MiB. MALLOC_ARENA_MAX=1: the C library's threads share what they have freed, 7 MiB.
 */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=20');
const { default: mqttPacket } = await import('mqtt-packet');
mqttPacket.writeToStream.cacheNumbers = false;
const { runCommandLine } = await import('./commands/command-line.ts');
await runCommandLine();
// A gateway ends by a signal or a power cut, at which nothing is written any more.
flushCompileCache();
