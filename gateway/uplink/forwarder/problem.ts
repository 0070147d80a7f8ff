/** What keeps events from getting through and what to do about it, in one line for people. Pure. */

interface Troubles {
  /** Why the cloud refused the journal. */
  readonly refusal: string | undefined;
  readonly connected: boolean;
  readonly cloudSilentMs: number;
  /** Why a lane rests. */
  readonly resting: string | undefined;
}

const SILENT_MS = 30_000;

/** Undefined when all is well, and when only the uplink is down: its own line says that. */
export function describeProblem(troubles: Troubles): string | undefined {
  if (troubles.refusal !== undefined) {
    return (
      `the cloud refuses this journal: it is a copy of another, or was restored from a backup (${troubles.refusal}). ` +
      'Recording goes on, nothing is sent. Stop the other gateway that runs from the same files, or, if there is none, ' +
      'stop this one and run: npm run gateway -- adopt'
    );
  }
  if (troubles.resting !== undefined) return troubles.resting;
  if (troubles.connected && troubles.cloudSilentMs >= SILENT_MS) {
    const seconds = Math.round(troubles.cloudSilentMs / 1000);
    return `batches are carried away, but the cloud has acked none for ${seconds} s: is it running, and does it know this gateway?`;
  }
  return undefined;
}
