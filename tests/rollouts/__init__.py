"""Hosts are made here, deployed to, verified, broken, and removed. The fixture is `lab`."""
