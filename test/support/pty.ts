/** Pseudo terminals for tests: the same ones that the simulator hangs its serial devices on. */
export { openPtyPair, type PtyPair } from '../../firmware-sim/app/pty.ts';
