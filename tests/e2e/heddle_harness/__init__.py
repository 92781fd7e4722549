"""What the end-to-end tests and the demo share: processes, ports, certificates, peers. Standard library only."""
