/**
 * A gateway's configuration through the named shadow `config`: written only onto the version that was read, so that
 * two people do not overwrite each other unseen, and read back with what the gateway says about it.
 */
import { createHash } from 'node:crypto';
import {
  CONFIG_SHADOW,
  configShadowSchema,
  desiredConfigSchema,
  packConfig,
  type ReportedConfig,
  reportedConfigSchema,
} from '../../../protocol/link/desired-config.ts';
import { type IotCalls, troubleOf } from './aws-clients.ts';

interface ConfigStanding {
  readonly version: number;
  /** Of the configuration that is wished for. */
  readonly desired: string | undefined;
  /** Undefined until the gateway has said something. */
  readonly reported: ReportedConfig | undefined;
}

type WriteOutcome =
  | { kind: 'written'; revision: string; version: number }
  | { kind: 'too-large' }
  /** Somebody else wrote in the meantime. */
  | { kind: 'conflict' };

export async function writeDesiredConfig(
  iot: IotCalls,
  gateway: string,
  text: string,
): Promise<WriteOutcome> {
  const body = packConfig(text);
  if (body === undefined) return { kind: 'too-large' };
  const standing = await readConfigStanding(iot, gateway);
  const revision = createHash('sha256').update(text).digest('hex');
  const document = {
    state: { desired: { config: { revision, body } } },
    ...(standing !== undefined && { version: standing.version }),
  };
  try {
    return { kind: 'written', revision, version: await iot.updateShadow(gateway, CONFIG_SHADOW, document) };
  } catch (error) {
    if (troubleOf(error) === 'conflict') return { kind: 'conflict' };
    throw error;
  }
}

/** Undefined when nothing was ever wished for. */
export async function readConfigStanding(
  iot: IotCalls,
  gateway: string,
): Promise<ConfigStanding | undefined> {
  const shadow = configShadowSchema.safeParse(await iot.getShadow(gateway, CONFIG_SHADOW));
  if (!shadow.success) return undefined;
  const { version, state } = shadow.data;
  const desired = desiredConfigSchema.safeParse(state.desired?.config);
  const reported = reportedConfigSchema.safeParse(state.reported?.config);
  return {
    version,
    desired: desired.success ? desired.data.revision : undefined,
    reported: reported.success ? reported.data : undefined,
  };
}
