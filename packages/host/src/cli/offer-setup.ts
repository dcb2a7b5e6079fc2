export async function offerSetup(..._: unknown[]): Promise<boolean> {
  return false;
}
