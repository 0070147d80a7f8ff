/** MQTT topic names and filters (MQTT 3.1.1 §4.7), and the prefix of Basic Ingest. PURE. */

/** True when the filter takes the topic; wildcards at the front do not take topics that begin with `$`. */
export function matchesFilter(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [index, want] of wanted.entries()) {
    if (want === '#') return true;
    const level = levels[index];
    if (level === undefined || (want !== '+' && want !== level)) return false;
  }
  return wanted.length === levels.length;
}

export function isTopicName(topic: string): boolean {
  return topic !== '' && !/[+#\0]/.test(topic);
}

export function isTopicFilter(filter: string): boolean {
  const levels = filter.split('/');
  return (
    filter !== '' &&
    !filter.includes('\0') &&
    levels.every(
      (level, index) =>
        level === '+' || (level === '#' && index === levels.length - 1) || !/[+#]/.test(level),
    )
  );
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
