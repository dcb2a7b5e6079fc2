// Runs a command that came by ssh.
int main(void) { return 1; }
