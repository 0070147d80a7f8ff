/** `gateway config <id> [<file>]`: wishes a configuration for a gateway behind AWS IoT, or shows how far it is. */
import { basename } from 'node:path';
import * as z from 'zod';
import { parseConfig } from '../../protocol/config/yaml-config.ts';
import { type IotCalls, openIot } from '../intake/aws/aws-clients.ts';
import { readConfigStanding, writeDesiredConfig } from '../intake/aws/aws-desired-config.ts';
import { accessOf } from './aws-config.ts';
import type { Command } from './commands.ts';
import { ConfigError, readText } from './config.ts';

export async function gatewayConfigCommand(
  { config, write }: Pick<Command, 'config' | 'write'>,
  id: string,
  file: string | undefined,
): Promise<void> {
  const { aws } = config.intake;
  if (aws === undefined) {
    throw new ConfigError([
      'gateway config needs intake.aws: only gateways behind AWS IoT Core can be sent a configuration',
    ]);
  }
  const iot = await openIot(accessOf(aws));
  try {
    if (file === undefined) await show(iot, id, write);
    else await wish(iot, id, file, write);
  } finally {
    iot.close();
  }
}

async function wish(iot: IotCalls, id: string, file: string, write: Command['write']): Promise<void> {
  const text = readText(file, 'the configuration', `it should be the gateway.yaml of ${id}`);
  // The gateway knows the rest of its file; here only that it is not another's.
  const own = z.looseObject({ gateway: z.looseObject({ id: z.literal(id, `expected ${id}`) }) });
  const parsed = parseConfig(own, text, basename(file));
  if (!parsed.ok) throw new ConfigError(parsed.problems);
  const outcome = await writeDesiredConfig(iot, id, text);
  switch (outcome.kind) {
    case 'too-large':
      throw new ConfigError([`${file} is too large: packed it must fit into the 8 KB of a device shadow`]);
    case 'conflict':
      throw new ConfigError([
        `somebody else changed what ${id} should have just now: look with "gateway config ${id}", then run this again`,
      ]);
    case 'written':
      write(
        `Revision ${outcome.revision.slice(0, 12)} is wished for ${id} (version ${outcome.version}).\n` +
          `What the gateway says of it: npm run cloud -- gateway config ${id}\n`,
      );
  }
}

async function show(iot: IotCalls, id: string, write: Command['write']): Promise<void> {
  const standing = await readConfigStanding(iot, id);
  if (standing?.desired === undefined) {
    write(`No configuration is wished for ${id}.\n`);
    return;
  }
  const { desired, reported, version } = standing;
  write(`Wished for ${id}: revision ${desired.slice(0, 12)} (version ${version}).\n`);
  if (reported === undefined) {
    write('The gateway has not said anything yet.\n');
    return;
  }
  const which = reported.revision === desired ? 'it' : `revision ${reported.revision.slice(0, 12)}`;
  const at = new Date(reported.at).toISOString();
  write(`The gateway said of ${which} at ${at}: ${reported.outcome}. ${reported.detail}\n`);
}
