/** Epoch milliseconds → ISO 8601 in UTC. The ingest takes only years 1 to 9999, so this never fails. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function isoTimeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : isoTime(epochMs);
}
