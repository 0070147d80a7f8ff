/** `gateway status`: the running gateway's status as lines for a terminal. */
import type { GatewayStatus } from '../status/gateway-status.ts';
import { problemOf } from '../status/status-page.ts';

export async function printStatus(url: string, json: boolean, write: (text: string) => void): Promise<void> {
  let response: Response;
  try {
    response = await fetch(new URL('/status.json', url));
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? error;
    throw new Error(
      `no gateway answers at ${url} (${cause}): is it running, and is this its status address?`,
    );
  }
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
  if (json) {
    write(`${text}\n`);
    return;
  }
  const status = JSON.parse(text) as GatewayStatus;
  // One write: a reader such as `head` may close the pipe after the first lines.
  const lines: string[] = [];
  lines.push(
    `${status.gateway}  ${status.uplink.connected ? 'connected' : 'NOT CONNECTED'}  ${status.uplink.state}\n\n`,
  );
  const problem = status.forwarder?.problem;
  if (problem !== undefined) lines.push(`  ! ${problem}\n\n`);
  for (const [lane, state] of Object.entries(status.journal.lanes)) {
    lines.push(
      `  ${lane.padEnd(10)} ${String(state.waiting).padStart(8)} waiting, acknowledged ${state.prunedUpTo} of ${state.lastSeq}\n`,
    );
  }
  const journalProblem = problemOf(status.journal);
  if (journalProblem !== undefined) lines.push(`  ! journal: ${journalProblem}\n`);
  lines.push('\n');
  for (const device of status.devices) {
    const last =
      device.lastReadingAt === undefined
        ? 'no reading yet'
        : `last reading ${Math.round((status.now - device.lastReadingAt) / 1000)} s ago`;
    lines.push(`  ${device.device.padEnd(20)} ${device.state.padEnd(11)} ${last}  ${device.session}\n`);
    for (const one of device.conditions) lines.push(`  ${''.padEnd(20)} ! ${one.condition}: ${one.detail}\n`);
  }
  write(lines.join(''));
}
