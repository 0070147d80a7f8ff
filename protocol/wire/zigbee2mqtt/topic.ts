/**
 * Topics of Zigbee2MQTT below its base topic. A friendly name may contain slashes, so a topic is read from its end:
 * `<name>/availability`, `<name>/set[/<attribute>]`, `<name>/get[/<attribute>]`, `bridge/…`, else the state of
 * `<name>`.
 */

type Zigbee2MqttTopic =
  | { readonly kind: 'state'; readonly friendlyName: string }
  | { readonly kind: 'availability'; readonly friendlyName: string }
  /** Someone talks to a device; nothing measured. */
  | { readonly kind: 'command' }
  | { readonly kind: 'bridgeState' }
  /** The bridge's own affairs: lists, logs, answers. */
  | { readonly kind: 'bridge' };

/** Undefined when the topic is not below the base topic. */
export function parseTopic(baseTopic: string, topic: string): Zigbee2MqttTopic | undefined {
  if (!topic.startsWith(`${baseTopic}/`)) return undefined;
  const levels = topic.slice(baseTopic.length + 1).split('/');
  if (levels[0] === 'bridge')
    return { kind: levels.length === 2 && levels[1] === 'state' ? 'bridgeState' : 'bridge' };
  const last = levels.at(-1);
  if (levels.length > 1 && last === 'availability') {
    return { kind: 'availability', friendlyName: levels.slice(0, -1).join('/') };
  }
  if (isCommand(levels.at(-1), levels.length - 1) || isCommand(levels.at(-2), levels.length - 2)) {
    return { kind: 'command' };
  }
  const friendlyName = levels.join('/');
  return friendlyName === '' ? undefined : { kind: 'state', friendlyName };
}

export function stateTopic(baseTopic: string, friendlyName: string): string {
  return `${baseTopic}/${friendlyName}`;
}

export function availabilityTopic(baseTopic: string, friendlyName: string): string {
  return `${baseTopic}/${friendlyName}/availability`;
}

export function bridgeStateTopic(baseTopic: string): string {
  return `${baseTopic}/bridge/state`;
}

function isCommand(level: string | undefined, levelsBefore: number): boolean {
  return levelsBefore > 0 && (level === 'set' || level === 'get');
}
