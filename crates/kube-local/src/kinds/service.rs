//! Services with their addresses and ports, and what selects or carries traffic.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fields::{default_to, object};
use crate::error::Cause;

pub(super) fn set_defaults(service: &mut Value) {
    let spec = object(service, "spec");
    default_to(spec, "sessionAffinity", "None");
    default_to(spec, "type", "ClusterIP");
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let number = port["port"].clone();
        if let Some(port) = port.as_object_mut() {
            default_to(port, "protocol", "TCP");
            if port
                .get("targetPort")
                .is_none_or(|t| t.is_null() || *t == 0 || *t == "")
            {
                port.insert("targetPort".into(), number);
            }
        }
    }
    if spec["sessionAffinity"] == "ClientIP" {
        default_to(
            spec,
            "sessionAffinityConfig",
            json!({"clientIP": {"timeoutSeconds": 10800}}),
        );
    }
    if kind != "ExternalName" {
        default_to(spec, "internalTrafficPolicy", "Cluster");
    }
    let reached_from_outside = spec
        .get("externalIPs")
        .and_then(Value::as_array)
        .is_some_and(|addresses| !addresses.is_empty());
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") || reached_from_outside {
        default_to(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" && !spec.contains_key("allocateLoadBalancerNodePorts") {
        spec.insert("allocateLoadBalancerNodePorts".into(), true.into());
    }
}

pub(super) fn default_endpoints(endpoints: &mut Value) {
    for subset in endpoints["subsets"].as_array_mut().into_iter().flatten() {
        for port in subset["ports"].as_array_mut().into_iter().flatten() {
            if let Some(port) = port.as_object_mut() {
                default_to(port, "protocol", "TCP");
            }
        }
    }
    if let Some(map) = endpoints.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
}

pub(super) fn default_slice(slice: &mut Value) {
    for port in slice["ports"].as_array_mut().into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            default_to(port, "protocol", "TCP");
            if !port.contains_key("name") {
                port.insert("name".into(), "".into());
            }
        }
    }
}

pub(super) fn default_network_policy(policy: &mut Value) {
    let spec = object(policy, "spec");
    for rules in ["ingress", "egress"] {
        for rule in spec
            .get_mut(rules)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if !rule["ports"].is_array() {
                continue;
            }
            for port in rule["ports"].as_array_mut().into_iter().flatten() {
                if let Some(port) = port.as_object_mut() {
                    default_to(port, "protocol", "TCP");
                }
            }
        }
    }
    if !spec.contains_key("policyTypes") {
        let mut types = vec!["Ingress"];
        if spec
            .get("egress")
            .and_then(Value::as_array)
            .is_some_and(|e| !e.is_empty())
        {
            types.push("Egress");
        }
        spec.insert("policyTypes".into(), json!(types));
    }
}

/// A replacement without addresses keeps those the Service has.
pub(super) fn carry_over(old: &Value, new: &mut Value) {
    if new["spec"]["type"] == "ExternalName" || old["spec"]["type"] == "ExternalName" {
        return;
    }
    for field in ["clusterIP", "clusterIPs"] {
        if new["spec"][field].as_str().unwrap_or_default().is_empty()
            && !new["spec"][field].is_array()
            && !old["spec"][field].is_null()
        {
            new["spec"][field] = old["spec"][field].clone();
        }
    }
    for field in ["ipFamilies", "ipFamilyPolicy"] {
        if new["spec"][field].is_null() && !old["spec"][field].is_null() {
            new["spec"][field] = old["spec"][field].clone();
        }
    }
    if !matches!(
        new["spec"]["type"].as_str(),
        Some("NodePort" | "LoadBalancer")
    ) {
        return;
    }
    let before = old["spec"]["ports"].as_array().cloned().unwrap_or_default();
    for port in new["spec"]["ports"].as_array_mut().into_iter().flatten() {
        let same = |p: &&Value| p["port"] == port["port"] && p["protocol"] == port["protocol"];
        let known = before
            .iter()
            .find(same)
            .and_then(|p| p.get("nodePort"))
            .cloned();
        if port["nodePort"].as_u64().unwrap_or(0) == 0 {
            if let Some(number) = known {
                port["nodePort"] = number;
            } else if let Some(map) = port.as_object_mut() {
                map.remove("nodePort");
            }
        }
    }
}

pub(super) fn check(service: &Value, causes: &mut Vec<Cause>) {
    let spec = &service["spec"];
    let ports = spec["ports"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let kind = spec["type"].as_str().unwrap_or_default();
    let headless = spec["clusterIP"] == "None";
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !kinds.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", &spec["type"], &kinds));
    }
    if ports.is_empty() && !headless && kind != "ExternalName" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if kind == "ExternalName" && spec["externalName"].as_str().is_none_or(str::is_empty) {
        causes.push(Cause::required("spec.externalName", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let at = format!("spec.ports[{index}]");
        if ports.len() > 1 && port["name"].as_str().is_none_or(str::is_empty) {
            causes.push(Cause::required(format!("{at}.name"), ""));
        }
        if !port["port"]
            .as_u64()
            .is_some_and(|n| (1..=65535).contains(&n))
        {
            causes.push(Cause::invalid(
                format!("{at}.port"),
                &port["port"],
                "must be between 1 and 65535, inclusive",
            ));
        }
        let node_port = port["nodePort"].as_u64().unwrap_or(0);
        if node_port != 0 && !matches!(kind, "NodePort" | "LoadBalancer") {
            causes.push(Cause::forbidden(
                format!("{at}.nodePort"),
                "may not be used when `type` is 'ClusterIP'",
            ));
        }
    }
}

pub(super) fn check_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let (before, after) = (&old["spec"]["clusterIPs"], &new["spec"]["clusterIPs"]);
    let external = |s: &Value| s["spec"]["type"] == "ExternalName";
    let first = |list: &Value| list[0].clone();
    if !external(old) && !external(new) && before.is_array() && first(before) != first(after) {
        causes.push(Cause::invalid(
            "spec.clusterIPs[0]",
            after,
            "may not change once set",
        ));
    }
}

/// The addresses and node ports Services hold.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Address to the key of its Service.
    addresses: BTreeMap<String, String>,
    ports: BTreeMap<(u16, String), String>,
    next_address: u32,
    next_port: u16,
}

/// Why a Service gets no address or port.
#[derive(Debug)]
pub(crate) struct ServiceError(pub(crate) Cause);

const PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

impl Pool {
    /// Gives a Service the addresses and ports it asks for or lacks. Changes nothing when it
    /// refuses; `commit` takes note.
    pub(crate) fn allocate(&mut self, key: &str, service: &mut Value) -> Result<(), ServiceError> {
        self.allocate_address(key, service)?;
        self.allocate_ports(key, service)
    }

    fn allocate_address(&mut self, key: &str, service: &mut Value) -> Result<(), ServiceError> {
        let spec = &mut service["spec"];
        if spec["type"] == "ExternalName" {
            return Ok(());
        }
        let asked = spec["clusterIP"]
            .as_str()
            .filter(|ip| !ip.is_empty())
            .map(str::to_owned);
        let asked = asked.or_else(|| spec["clusterIPs"][0].as_str().map(str::to_owned));
        let address = match asked {
            Some(none) if none == "None" => none,
            Some(asked) => {
                let refuse = |detail: &str| {
                    let field = "spec.clusterIPs";
                    Err(ServiceError(Cause::invalid(field, &json!([asked]), detail)))
                };
                if asked.parse::<std::net::IpAddr>().is_err() {
                    return refuse("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                }
                if self
                    .addresses
                    .get(&asked)
                    .is_some_and(|holder| holder != key)
                {
                    return refuse(&format!(
                        "failed to allocate IP {asked}: provided IP is already allocated"
                    ));
                }
                if !in_range(&asked) {
                    return refuse(&format!(
                        "failed to allocate IP {asked}: the provided IP ({asked}) is not in the \
                         valid range. The range of valid IPs is 10.0.0.0/16"
                    ));
                }
                asked
            }
            None => self.free_address(),
        };
        let headless = address == "None";
        spec["clusterIPs"] = json!([address]);
        spec["clusterIP"] = address.into();
        let has_selector = spec["selector"].as_object().is_some_and(|s| !s.is_empty());
        if let Some(spec) = spec.as_object_mut() {
            if headless && !has_selector {
                default_to(spec, "ipFamilyPolicy", "RequireDualStack");
                default_to(spec, "ipFamilies", json!(["IPv4", "IPv6"]));
            } else {
                default_to(spec, "ipFamilyPolicy", "SingleStack");
                default_to(spec, "ipFamilies", json!(["IPv4"]));
            }
        }
        Ok(())
    }

    fn free_address(&mut self) -> String {
        loop {
            // 10.0.0.0/16 without its first and last address; starts past the static band.
            self.next_address = self.next_address % 65_277 + 1;
            let n = self.next_address + 256;
            let address = format!("10.0.{}.{}", (n >> 8) & 255, n & 255);
            if !self.addresses.contains_key(&address) {
                return address;
            }
        }
    }

    fn allocate_ports(&mut self, key: &str, service: &mut Value) -> Result<(), ServiceError> {
        let spec = &mut service["spec"];
        let wanted = match spec["type"].as_str() {
            Some("NodePort") => true,
            Some("LoadBalancer") => spec["allocateLoadBalancerNodePorts"] != false,
            _ => return Ok(()),
        };
        // Requested ports first, so that no allocated one takes them.
        let mut own: Vec<(u16, String)> = Vec::new();
        for pass in [true, false] {
            let ports = spec["ports"]
                .as_array_mut()
                .map(Vec::as_mut_slice)
                .unwrap_or_default();
            for (index, port) in ports.iter_mut().enumerate() {
                let protocol = port["protocol"].as_str().unwrap_or("TCP").to_owned();
                let asked = port["nodePort"].as_u64().unwrap_or(0);
                if (asked != 0) != pass {
                    continue;
                }
                let number = if asked == 0 {
                    if !wanted {
                        continue;
                    }
                    self.free_port(&protocol, &own)
                } else {
                    let refuse = |detail: String| {
                        let field = format!("spec.ports[{index}].nodePort");
                        Err(ServiceError(Cause::invalid(field, &asked.into(), &detail)))
                    };
                    let Some(number) = u16::try_from(asked).ok().filter(|n| PORTS.contains(n))
                    else {
                        return refuse(
                            "provided port is not in the valid range. The range of valid ports \
                             is 30000-32767"
                                .to_owned(),
                        );
                    };
                    let taken = self.ports.get(&(number, protocol.clone()));
                    if taken.is_some_and(|holder| holder != key) {
                        return refuse("provided port is already allocated".to_owned());
                    }
                    number
                };
                own.push((number, protocol));
                port["nodePort"] = number.into();
            }
        }
        Ok(())
    }

    fn free_port(&mut self, protocol: &str, own: &[(u16, String)]) -> u16 {
        let span = PORTS.end() - PORTS.start() + 1;
        for _ in 0..span {
            self.next_port = (self.next_port + 1) % span;
            // The first 86 ports are kept for requests, as the server's allocator prefers.
            let number = PORTS.start() + (self.next_port + 86) % span;
            let pair = (number, protocol.to_owned());
            if !self.ports.contains_key(&pair) && !own.contains(&pair) {
                return number;
            }
        }
        *PORTS.end()
    }

    /// Notes what a stored Service holds, instead of what it held before.
    pub(crate) fn commit(&mut self, key: &str, service: Option<&Value>) {
        self.addresses.retain(|_, holder| holder != key);
        self.ports.retain(|_, holder| holder != key);
        let Some(spec) = service.map(|s| &s["spec"]) else {
            return;
        };
        for address in spec["clusterIPs"].as_array().into_iter().flatten() {
            if let Some(address) = address.as_str().filter(|a| *a != "None") {
                self.addresses.insert(address.to_owned(), key.to_owned());
            }
        }
        for port in spec["ports"].as_array().into_iter().flatten() {
            let number = port["nodePort"]
                .as_u64()
                .and_then(|n| u16::try_from(n).ok())
                .unwrap_or(0);
            if number != 0 {
                let protocol = port["protocol"].as_str().unwrap_or("TCP").to_owned();
                self.ports.insert((number, protocol), key.to_owned());
            }
        }
    }
}

fn in_range(address: &str) -> bool {
    address
        .parse::<std::net::Ipv4Addr>()
        .is_ok_and(|ip| ip.octets()[..2] == [10, 0])
}
