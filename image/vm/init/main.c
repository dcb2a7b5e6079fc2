// First process of a machine's guest, from the kernel's start to its end (ADR 31).
int main(void) { return 1; }
