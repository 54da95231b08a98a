"""The network as NengoLoihi builds it, on the partition's tiles and packings."""
