//! Instances and disks that are there without a call, as tests and demos describe them.

use chrono::{DateTime, Utc};

use super::categories;
use super::records::disk::{Attached, Disk};
use super::records::instance::Instance;
use super::regions;
use super::state::State;
use super::tag::Tags;

/// An instance of ECS: a name that disks are attached to.
///
/// ```
/// let node = alibaba_local::EcsInstance::new("i-bp1fake0000000000001").named("node-1").tag("pool", "a");
/// # let _ = node;
/// ```
#[derive(Clone, Debug)]
pub struct EcsInstance {
    id: String,
    name: String,
    zone: Option<String>,
    status: String,
    lock_reason: Option<String>,
    tags: Tags,
}

impl EcsInstance {
    /// A running instance in the last zone of the cloud's region.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            zone: None,
            status: "Running".to_owned(),
            lock_reason: None,
            tags: Tags::new(),
        }
    }

    /// Its name; the id unless set.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its zone, such as `cn-beijing-h`, which also says in which region it is.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// Its state, such as `Stopped`; `Running` unless set.
    #[must_use]
    pub fn status(mut self, status: impl Into<String>) -> Self {
        self.status = status.into();
        self
    }

    /// Locks it for security, so that no snapshots of its disks are made.
    #[must_use]
    pub fn locked_for_security(mut self) -> Self {
        self.lock_reason = Some("security".to_owned());
        self
    }

    /// Gives it a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Adds it, unless it is there.
    pub(super) fn add(self, state: &mut State, home: &str, now: DateTime<Utc>) {
        if state.records.instances.contains(&self.id) {
            return;
        }
        let number = state.next_number();
        let (region, zone) = place(self.zone, home);
        let instance = Instance {
            number,
            name: self.name,
            instance_type: "ecs.g7.xlarge".to_owned(),
            image: "aliyun_3_x64_20G_alibase_20240528.vhd".to_owned(),
            vpc: regions::new_id("vpc", &region),
            vswitch: regions::new_id("vsw", &region),
            security_group: regions::new_id("sg", &region),
            network_interface: regions::new_id("eni", &region),
            private_ip: format!("10.0.{}.{}", number / 250 % 250, number % 250 + 1),
            status: self.status,
            lock_reason: self.lock_reason,
            created: now,
            resource_group: None,
            tags: self.tags,
            id: self.id.clone(),
            region,
            zone,
        };
        state.records.instances.insert(self.id, instance);
    }
}

/// A disk of ECS.
///
/// ```
/// let disk = alibaba_local::EcsDisk::new("d-bp1fake0000000000001")
///     .size_gib(40)
///     .attached_to("i-bp1fake0000000000001");
/// # let _ = disk;
/// ```
#[derive(Clone, Debug)]
pub struct EcsDisk {
    id: String,
    name: String,
    zone: Option<String>,
    category: String,
    performance_level: Option<String>,
    size_gib: u64,
    is_system: bool,
    instance: Option<String>,
    kms_key: Option<String>,
    multi_attach: bool,
    tags: Tags,
}

impl EcsDisk {
    /// An empty ESSD for data, 20 GiB, in the last zone of the cloud's region, attached to nothing.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: String::new(),
            zone: None,
            category: "cloud_essd".to_owned(),
            performance_level: None,
            size_gib: 20,
            is_system: false,
            instance: None,
            kms_key: None,
            multi_attach: false,
            tags: Tags::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its size.
    #[must_use]
    pub fn size_gib(mut self, size: u64) -> Self {
        self.size_gib = size;
        self
    }

    /// Its category, such as `cloud_ssd`; `cloud_essd` unless set.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = category.into();
        self
    }

    /// How fast it is, of an ESSD; `PL1` unless set.
    #[must_use]
    pub fn performance_level(mut self, level: impl Into<String>) -> Self {
        self.performance_level = Some(level.into());
        self
    }

    /// Its zone, which also says in which region it is; that of its instance unless set.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// Attaches it to an instance, which was described before.
    #[must_use]
    pub fn attached_to(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Makes it a system disk.
    #[must_use]
    pub fn system(mut self) -> Self {
        self.is_system = true;
        self
    }

    /// Encrypts it with a key.
    #[must_use]
    pub fn encrypted(mut self, kms_key: impl Into<String>) -> Self {
        self.kms_key = Some(kms_key.into());
        self
    }

    /// Lets it be attached to several instances.
    #[must_use]
    pub fn multi_attach(mut self) -> Self {
        self.multi_attach = true;
        self
    }

    /// Gives it a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Adds it, unless it is there.
    pub(super) fn add(
        self,
        state: &mut State,
        home: &str,
        now: DateTime<Utc>,
    ) -> std::io::Result<()> {
        if state.records.disks.contains(&self.id) {
            return Ok(());
        }
        let instance = match &self.instance {
            None => None,
            Some(id) => Some(state.records.instances.get(id).ok_or_else(|| {
                let id = format!("attach disk `{}`: there is no instance `{id}`", self.id);
                std::io::Error::new(std::io::ErrorKind::NotFound, id)
            })?),
        };
        let zone = self.zone.or_else(|| instance.map(|it| it.zone.clone()));
        let (region, zone) = place(zone, home);
        let attached = self.instance.map(|instance| Attached {
            device: state.records.next_device(&instance),
            instance,
            since: now,
            takes_millis: 0,
        });
        let level = categories::is_essd(&self.category) && self.category == "cloud_essd";
        let disk = Disk {
            number: state.next_number(),
            name: self.name,
            description: String::new(),
            performance_level: self.performance_level.or(level.then(|| "PL1".to_owned())),
            category: self.category,
            size_gib: self.size_gib,
            is_system: self.is_system,
            created: now,
            takes_millis: 0,
            source_snapshot: None,
            encrypted: self.kms_key.is_some(),
            kms_key: self.kms_key,
            multi_attach: self.multi_attach,
            bursting: false,
            provisioned_iops: None,
            storage_set: None,
            storage_set_partitions: None,
            storage_cluster: None,
            prepaid: false,
            resource_group: None,
            tags: self.tags,
            was_attached: attached.is_some(),
            attached,
            detached_at: None,
            detaching_millis: 0,
            delete_with_instance: None,
            delete_auto_snapshot: true,
            policies: Vec::new(),
            link: None,
            snapshots_fail: false,
            in_arrears: false,
            id: self.id.clone(),
            region,
            zone,
        };
        state.images.create(&disk.id, disk.size())?;
        state.records.disks.insert(self.id, disk);
        Ok(())
    }
}

/// The region and the zone of something.
fn place(zone: Option<String>, home: &str) -> (String, String) {
    let region = zone.as_deref().and_then(regions::of_zone);
    let region = region.map_or_else(|| home.to_owned(), |region| region.id.to_owned());
    let zone = zone.or_else(|| regions::last_zone(&region));
    let zone = zone.unwrap_or_else(|| format!("{region}-a"));
    (region, zone)
}
