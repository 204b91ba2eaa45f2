"""Network addresses as places: whose line it is, not which device of the line."""

from ipaddress import IPv6Address, ip_address, ip_network

#: An IPv6 subscriber has a whole network of this size, and changes the address in it every day.
SUBSCRIBER = 64


def network_of(address: str) -> str:
    """The address itself, or the subscriber's network of an IPv6 address. What is no address stays as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((int(found), SUBSCRIBER), strict=False))
    return str(found)
