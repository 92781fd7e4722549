// Written by make_seeds.py: a root of fuzz.test whose key is gone, and the SHA-256 of the only leaves it signed
// that keep every rule. No other certificate may ever be verified.
#pragma once
#include <string_view>

namespace heddle::fuzz {
inline constexpr std::string_view kFuzzRoot =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBpjCCAUygAwIBAgIUTHC0FD4CGSr/pC2uQXpSTKO7xvowCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UECgwEZnV6ejAgFw0yNjExMjExNjA3NDBaGA8yMTI2MTAyODE2MDc0\n"
    "MFowDzENMAsGA1UECgwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBDA\n"
    "tMJ/sqvofOA7k1QIbHQqp4esdhh0yBtcxuFIoLpA/n5Ag/iiZh/+c50uhgfKAka8\n"
    "M4DekHGGd8LtBX5XS8ajgYMwgYAwHQYDVR0OBBYEFLThgCflkF57hqx6GnivZssr\n"
    "yTIkMB8GA1UdIwQYMBaAFLThgCflkF57hqx6GnivZssryTIkMA8GA1UdEwEB/wQF\n"
    "MAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdEQQWMBSGEnNwaWZmZTovL2Z1enou\n"
    "dGVzdDAKBggqhkjOPQQDAgNIADBFAiAKY5FXz9SUTYqShwXXMxljI4+A2U1ksjpA\n"
    "9zX/JPFKCAIhAI8m+tJvMncOLlNAgSYOsRTNq9XLc9KIxVyKRvf2IXNO\n"
    "-----END CERTIFICATE-----\n";
inline constexpr std::string_view kFuzzLeaves[] = {
    "38f9b5e6bc7fe59af0301671eb34883cd2b16bd80d5cc5e885f79cffceca13ca",
    "b5e4095b75131d8249dfcc48d291aca0ef9f50ad09d09bf33cbd76e671100f4f",
};
}  // namespace heddle::fuzz
