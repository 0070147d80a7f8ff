/** MQTT topic names (MQTT 3.1.1 §4.7), the prefix of Basic Ingest, and what counts against the quota. PURE. */

export function isTopicName(topic: string): boolean {
  return topic !== '' && !/[+#\0]/.test(topic);
}

/** `$aws/rules/<rule>/<topic>`: the rule, and the topic as the rule sees it. */
export function basicIngest(topic: string): { rule: string; topic: string } | undefined {
  const match = /^\$aws\/rules\/([^/]+)\/(.+)$/.exec(topic);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { rule: match[1], topic: match[2] };
}

/** Slashes that count against the quota. */
export function countedSlashes(topic: string): number {
  const name = basicIngest(topic)?.topic ?? topic;
  return name.split('/').length - 1;
}
