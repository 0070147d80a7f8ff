/** Circles in a directed graph (Tarjan's strongly connected components), each shown as one shortest way round. Pure. */

export type Graph = ReadonlyMap<string, readonly string[]>;

/** One circle for each knot, as the nodes in order; the last leads to the first. */
export function circles(graph: Graph): string[][] {
  return components(graph)
    .filter((knot) => knot.length > 1 || graph.get(knot[0] ?? '')?.includes(knot[0] ?? ''))
    .map((knot) => shortestWayRound(graph, new Set(knot)))
    .sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? ''));
}

function components(graph: Graph): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const lowOf = (node: string) => low.get(node) ?? 0;
  const visit = (node: string) => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (onStack.has(next)) low.set(node, Math.min(lowOf(node), lowOf(next)));
    }
    if (lowOf(node) !== index.get(node)) return;
    const knot = stack.splice(stack.indexOf(node));
    for (const member of knot) onStack.delete(member);
    found.push(knot);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

function shortestWayRound(graph: Graph, knot: ReadonlySet<string>): string[] {
  const start = [...knot].sort()[0] ?? '';
  const came = new Map<string, string>();
  const queue = [start];
  for (let node = queue.shift(); node !== undefined; node = queue.shift())
    for (const next of graph.get(node) ?? []) {
      if (next === start) return wayTo(node, start, came);
      if (!knot.has(next) || came.has(next)) continue;
      came.set(next, node);
      queue.push(next);
    }
  return [start];
}

function wayTo(end: string, start: string, came: ReadonlyMap<string, string>): string[] {
  const way = [end];
  for (let at = end; at !== start; ) {
    at = came.get(at) ?? start;
    way.unshift(at);
  }
  return way;
}
