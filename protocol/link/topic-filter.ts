/** MQTT topic filters (MQTT 3.1.1, 4.7): `+` is one level, `#` the rest; neither matches a leading `$`. */

export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

/** True when some topic matches both. */
export function filtersOverlap(one: string, other: string): boolean {
  const left = one.split('/');
  const right = other.split('/');
  const isWild = (level: string | undefined) => level === '+' || level === '#';
  const [first = '', second = ''] = [left[0], right[0]];
  if ((isWild(first) && second.startsWith('$')) || (isWild(second) && first.startsWith('$'))) return false;
  for (let index = 0; ; index++) {
    const [mine, theirs] = [left[index], right[index]];
    if (mine === '#' || theirs === '#') return true;
    if (mine === undefined || theirs === undefined) return mine === theirs;
    if (mine !== theirs && mine !== '+' && theirs !== '+') return false;
  }
}

/** True when the filter is well formed: `#` only at the end, wildcards alone on their level. */
export function isTopicFilter(filter: string): boolean {
  if (filter === '' || filter.includes('\0')) return false;
  const levels = filter.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
}
