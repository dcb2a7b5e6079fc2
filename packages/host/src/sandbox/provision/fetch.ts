export async function fetchWork(_: unknown): Promise<{ branch: string; commit: string; before: string | null }> { throw new Error('placeholder'); }
